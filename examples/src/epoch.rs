//! A number that grows at each start: max(clock, stored + 1). A controller uses it as its term, as an agent uses it as
//! its epoch (`c/epoch.c` is the same in C).

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{bail, Context, Result};

/// Takes the next number and stores it durably before anybody hears of it.
pub fn next(path: &Path, clock: u64) -> Result<u64> {
    let stored = match fs::read_to_string(path) {
        Ok(text) => text.trim().parse::<u64>().with_context(|| {
            format!("{}: expected one decimal number, the last one used, and found {:?}", path.display(), text.trim())
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    if stored >= u64::MAX - 1 {
        bail!("{}: {stored} is at the end of its range", path.display());
    }
    let next = clock.max(stored + 1);
    store(path, next).with_context(|| format!("storing {next} in {}", path.display()))?;
    Ok(next)
}

/// Writes beside the file and renames, so that a power cut leaves the old number or the new one, never half.
fn store(path: &Path, number: u64) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    writeln!(file, "{number}")?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_although_the_clock_goes_back_and_refuses_what_is_no_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        assert_eq!(next(&path, 1000).unwrap(), 1000);
        assert_eq!(next(&path, 10).unwrap(), 1001);
        assert_eq!(next(&path, 5000).unwrap(), 5000);
        fs::write(&path, "much").unwrap();
        let error = next(&path, 1).unwrap_err().to_string();
        assert!(error.contains("expected one decimal number"), "{error}");
        fs::write(&path, (u64::MAX - 1).to_string()).unwrap();
        assert!(next(&path, 1).is_err());
    }
}
