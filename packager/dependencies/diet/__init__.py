"""The import diet: a bundle's werkzeug imports modules when a request first uses them."""
