"""What follows a feed."""
