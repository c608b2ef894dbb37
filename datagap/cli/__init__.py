"""The two commands: parse options, call, print, exit."""
