"""The command ``telltale``, a module for each thing it does."""
