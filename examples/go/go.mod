module taskwire.dev/examples

go 1.19

require taskwire.dev/taskwire v0.0.0

replace taskwire.dev/taskwire => ../../ffi/go
