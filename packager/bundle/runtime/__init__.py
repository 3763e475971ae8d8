"""What of the runtime a bundle has: its files, the parts that are left out, their bytecode."""
