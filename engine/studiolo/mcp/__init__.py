"""Studiolo as a server of the Model Context Protocol: search, ask, add and redact as tools of other assistants.

A client of the running engine, with the rights of one token: no model and no store is opened here. The only package
that imports the SDK (`mcp`, https://modelcontextprotocol.io).
"""
