//! Real servers of other protocols, each a process of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server written in Python, which ends with this value, also in a panic.
pub struct Part {
    process: Child,
    /// Where it listens.
    pub address: String,
}

impl Part {
    /// Starts `tests/parts/{script}`; it serves when this returns.
    pub fn start(script: &str, arguments: &[&OsStr]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut python = Command::new(root.join("target/tools/venv/bin/python"));
        python.arg(root.join("tests/parts").join(script)).args(arguments);
        // It ends when its input does: it does not outlive this process either.
        let mut process = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        assert!(!port.is_empty(), "{script} does not serve");
        Self { process, address: format!("127.0.0.1:{}", port.trim()) }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}
