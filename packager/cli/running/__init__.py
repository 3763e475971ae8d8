"""What commands have in common that run a function on this machine."""
