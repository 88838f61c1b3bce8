"""An SFTP server over one folder, with its own host key and faults on demand."""
