"""The comparison page: two to six runs side by side in one self-contained file."""
