"""Tests of the decoder of ZeroMQ connections: real bytes, cut bytes, missing bytes and no ZMTP at all."""
