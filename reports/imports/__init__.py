"""A file of reports handed in over the network: its bytes come, are read through, and what they hold is filed.

``accepting`` takes the bytes, ``running`` is what a worker does with them, ``keeping`` lets go of what is not needed
any more, ``stowing`` puts a file of a form on the disk as it comes. What a file means, ``reports.importers`` knows.
"""
