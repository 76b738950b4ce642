//! Sleeping until a socket has something, a signal has come, or it is time.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// Returns when one of `sources` can be read, or after `longest`; early returns do no harm. Asks for the state of the
/// sources, not for changes of it: what was left unread wakes the next call again.
pub fn until_readable(sources: &[&dyn AsFd], longest: Duration) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> =
        sources.iter().map(|source| PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN)).collect();
    let longest = Timespec::try_from(longest).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    match poll(&mut fds, Some(&longest)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    #[test]
    fn what_is_unread_wakes_it_every_time_and_silence_only_the_time() {
        let (read, mut write) = UnixStream::pair().unwrap();
        let began = Instant::now();
        until_readable(&[&read], Duration::from_millis(30)).unwrap();
        assert!(began.elapsed() >= Duration::from_millis(30));
        write.write_all(b"x").unwrap();
        let began = Instant::now();
        for _ in 0..3 {
            until_readable(&[&read], Duration::from_secs(30)).unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
