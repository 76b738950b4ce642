//! A serial line, opened raw: eight bits, no parity, its speed. Also pseudo-terminals, which tests use as cables.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{tcgetattr, tcsetattr, ControlModes, OptionalActions, SpecialCodeIndex};

/// Opens a line; reading and writing do not wait.
pub fn open(path: &Path, bits_a_second: u32) -> Result<File> {
    let line =
        rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
            .with_context(|| format!("opening {}", path.display()))?;
    let set = || -> rustix::io::Result<()> {
        let mut settings = tcgetattr(&line)?;
        settings.make_raw();
        // No modem's wires are asked: a line that is cut is silent, and the lease says what that means.
        settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        settings.set_speed(bits_a_second)?;
        tcsetattr(&line, OptionalActions::Now, &settings)
    };
    set().with_context(|| format!("setting {} to {bits_a_second} bits a second", path.display()))?;
    Ok(File::from(line))
}

/// One end of a cable: a pseudo-terminal's own side, and the path of the line that a host opens.
pub fn pseudo_terminal() -> Result<(File, std::path::PathBuf)> {
    use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).context("a pseudo-terminal")?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((File::from(ours), name.to_string_lossy().into_owned().into()))
}

/// Fills `got` from the end of a cable, which hands on what was written a little later.
#[cfg(test)]
pub fn read_all(from: &mut File, got: &mut [u8]) {
    use std::io::{ErrorKind, Read};
    let mut at = 0;
    while at < got.len() {
        crate::sleep::until_readable(&[&*from], std::time::Duration::from_secs(20)).unwrap();
        match from.read(&mut got[at..]) {
            Ok(more) => at += more,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn every_byte_goes_through_as_it_is() {
        let (mut ours, path) = pseudo_terminal().unwrap();
        let mut line = open(&path, 115_200).unwrap();
        let all: Vec<u8> = (0..=255).collect();
        let through = |from: &mut File, to: &mut File| {
            let mut got = [0; 256];
            from.write_all(&all).unwrap();
            read_all(to, &mut got);
            assert_eq!(got[..], all);
        };
        through(&mut ours, &mut line);
        through(&mut line, &mut ours);
        assert!(open("/dev/null".as_ref(), 115_200).is_err() && open("/no/such".as_ref(), 9_600).is_err());
    }
}
