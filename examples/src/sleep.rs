//! Sleeping until a socket has something, a signal has come, or it is time.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// Returns when one of `sources` can be read, or after `longest`; early returns do no harm. Asks for the state of the
/// sources, not for changes of it: what was left unread wakes the next call again.
pub fn until_readable(sources: &[&dyn AsFd], longest: Duration) -> io::Result<()> {
    let sources: Vec<(BorrowedFd<'_>, bool)> = sources.iter().map(|source| (source.as_fd(), false)).collect();
    until_ready(&sources, longest).map(drop)
}

/// The same for sources of which some are waited for until they can be written as well; tells of each whether it is
/// ready, one that has ended included.
pub fn until_ready(sources: &[(BorrowedFd<'_>, bool)], longest: Duration) -> io::Result<Vec<bool>> {
    let wanted = |write| if write { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
    let mut fds: Vec<PollFd<'_>> =
        sources.iter().map(|(source, write)| PollFd::from_borrowed_fd(*source, wanted(*write))).collect();
    let longest = Timespec::try_from(longest).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    match poll(&mut fds, Some(&longest)) {
        Ok(_) => Ok(fds.iter().map(|fd| !fd.revents().is_empty()).collect()),
        Err(Errno::INTR) => Ok(vec![false; sources.len()]),
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

    #[test]
    fn one_that_is_to_be_written_is_ready_when_there_is_room() {
        let (read, _write) = UnixStream::pair().unwrap();
        let ready = |write| until_ready(&[(read.as_fd(), write)], Duration::from_millis(10)).unwrap();
        assert_eq!((ready(false), ready(true)), (vec![false], vec![true]));
    }
}
