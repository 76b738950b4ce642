//! SIGTERM and SIGINT as something that a poll loop can wait for: a pipe that becomes readable.

use std::io::Read;
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

/// The end that becomes readable once either signal has come.
pub fn stop_pipe() -> Result<UnixStream> {
    let (read, write) = UnixStream::pair().context("a pipe for signals")?;
    read.set_nonblocking(true)?;
    for signal in [SIGTERM, SIGINT] {
        signal_hook::low_level::pipe::register(signal, write.try_clone()?).context("catching signals")?;
    }
    Ok(read)
}

/// Whether a signal has come.
pub fn has_stopped(pipe: &mut UnixStream) -> bool {
    matches!(pipe.read(&mut [0u8; 16]), Ok(count) if count > 0)
}
