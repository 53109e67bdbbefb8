"""Programs of development that are no part of the packages."""
