module taskwire.dev/taskwire

go 1.19
