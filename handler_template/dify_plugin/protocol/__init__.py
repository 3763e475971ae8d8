"""What providers of tools implement."""
