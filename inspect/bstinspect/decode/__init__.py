"""Raw records to names, arguments and text. Pure: no process is touched here."""
