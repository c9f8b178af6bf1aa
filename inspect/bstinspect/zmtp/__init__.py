"""The bytes of ZeroMQ connections put together into messages. Pure: nothing is read, opened or sent here."""
