"""Brings a database to the state of the SQL files, and tells beforehand and afterwards what that is.

files, statements   what the files are and say
state, bookkeeping  what the database knows of them
waiting, applying   how one file is run
migrator            what `migrate`, `rollback` and their like do, in order; losses and distributing help
standing            what has changed since, though no file did
plan, catalogue     what would run, and whether the result is as expected; both look in a scratch database
clones              clean databases for tests, of the pytest plugin and of `database clone`
lint                whether the files are well written
"""
