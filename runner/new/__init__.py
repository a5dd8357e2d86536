"""What `betledger new` writes: a folder of templates for each kind, laid out as the files that become of them.

`newname` and NNNN in paths and texts become the name and the number of the migration. They are valid SQL and Python as
they stand.
"""
