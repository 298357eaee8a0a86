"""One call as a picture: lanes of what each party did, in the terminal or as SVG."""
