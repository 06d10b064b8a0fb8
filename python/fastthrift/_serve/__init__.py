"""What servers have in common, whichever way they speak."""
