"""Automatic logging: one small file for each library, loaded once that library has been."""
