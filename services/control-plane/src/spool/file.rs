//! A bounded file of lines: what is appended at its end is taken from its front,
//! and when all is taken the file is empty again.
//!
//! What [`SpoolFile::append`] said it kept outlives the process and the machine.
//! Where taking has come to does not: after a restart lines are taken again.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

const NAME: &str = "history.jsonl";

/// The file, which this process alone has.
#[derive(Debug)]
pub(super) struct SpoolFile {
    file: File,
    /// How long it may become, in bytes.
    most: u64,
    length: u64,
    /// Where what was not taken begins.
    taken: u64,
    lines: u64,
}

impl SpoolFile {
    /// Opens the file in a directory, which is made; only its owner may look
    /// into it.
    ///
    /// # Errors
    /// What the system said, or that another process has it.
    pub(super) fn open(dir: &Path, most: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.mode(0o600).open(dir.join(NAME))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                io::Error::new(ErrorKind::ResourceBusy, "another lictord uses it")
            }
            TryLockError::Error(error) => error,
        })?;
        let (length, lines) = whole_lines(&file)?;
        file.set_len(length)?;
        Ok(Self {
            file,
            most,
            length,
            taken: 0,
            lines,
        })
    }

    /// Keeps lines, in their order, as far as there is room; how many it kept.
    ///
    /// # Errors
    /// What the system said: nothing was kept.
    pub(super) fn append(&mut self, lines: &[String]) -> io::Result<usize> {
        let mut text = String::new();
        let mut kept = 0;
        for line in lines {
            let end = self.length + (text.len() + line.len() + 1) as u64;
            if end > self.most {
                break;
            }
            text.push_str(line);
            text.push('\n');
            kept += 1;
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        let written = self.file.write_all(text.as_bytes());
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            // What is beyond the length is written over next time.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += text.len() as u64;
        self.lines += kept as u64;
        Ok(kept)
    }

    /// At most so many of the lines that were not taken yet, from the first on.
    pub(super) fn front(&mut self, most: usize) -> io::Result<Vec<String>> {
        self.file.seek(SeekFrom::Start(self.taken))?;
        BufReader::new(&self.file).lines().take(most).collect()
    }

    /// These, which were at the front, are taken.
    pub(super) fn take(&mut self, lines: &[String]) -> io::Result<()> {
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        self.taken += bytes as u64;
        self.lines = self.lines.saturating_sub(lines.len() as u64);
        if self.taken >= self.length {
            self.file.set_len(0)?;
            (self.length, self.taken, self.lines) = (0, 0, 0);
        }
        Ok(())
    }

    /// How many lines were not taken, and how long the file is, in bytes.
    pub(super) const fn size(&self) -> (u64, u64) {
        (self.lines, self.length)
    }
}

/// The end of the last line that is whole, and how many lines there are: what was
/// cut off in the middle was never said to be kept.
fn whole_lines(file: &File) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::new(file);
    let (mut length, mut lines) = (0, 0);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if line.last() == Some(&b'\n') {
            length += line.len() as u64;
            lines += 1;
        }
        line.clear();
    }
    Ok((length, lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_kept_is_taken_in_order_and_the_file_is_empty_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = SpoolFile::open(dir.path(), 1000).unwrap();
        assert_eq!(file.append(&lines(&["one", "two"])).unwrap(), 2);
        assert_eq!(file.append(&lines(&["three"])).unwrap(), 1);
        let front = file.front(2).unwrap();
        assert_eq!(front, ["one", "two"]);
        file.take(&front).unwrap();
        assert_eq!(file.append(&lines(&["four"])).unwrap(), 1);
        let front = file.front(9).unwrap();
        assert_eq!(front, ["three", "four"]);
        assert_eq!(file.size().0, 2);
        file.take(&front).unwrap();
        assert_eq!(file.size(), (0, 0));
    }

    #[test]
    fn what_has_no_room_is_not_kept_and_neither_is_anything_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = SpoolFile::open(dir.path(), 10).unwrap();
        let kept = file.append(&lines(&["1234", "12345678", "1"])).unwrap();
        assert_eq!(kept, 1);
        assert_eq!(file.front(9).unwrap(), ["1234"]);
    }

    #[test]
    fn a_restart_finds_whole_lines_and_nobody_else_may_open_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = SpoolFile::open(dir.path(), 1000).unwrap();
        let busy = SpoolFile::open(dir.path(), 1000).unwrap_err();
        assert!(busy.to_string().contains("another lictord"), "{busy}");
        file.append(&lines(&["one", "two"])).unwrap();
        file.file.write_all(b"thr").unwrap();
        drop(file);
        let mut file = SpoolFile::open(dir.path(), 1000).unwrap();
        assert_eq!(file.size(), (2, 8));
        assert_eq!(file.append(&lines(&["four"])).unwrap(), 1);
        assert_eq!(file.front(9).unwrap(), ["one", "two", "four"]);
    }
}
