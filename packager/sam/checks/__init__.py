"""What AWS or SAM would refuse late, found before."""
