"""What an audit looks at, one file each: places of candidates, popularity, exposure, and who is asking."""
