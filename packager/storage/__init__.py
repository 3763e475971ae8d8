"""What plugins have stored, for who looks at it or takes it away: on this machine, and in AWS."""
