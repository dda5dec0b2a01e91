"""What a checkout needs on a developer's machine: embedded servers, a supervisor, a browser. Imports no Django."""
