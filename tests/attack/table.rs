//! Figures to quote: `cargo test --test attack -- --nocapture`.

#![allow(clippy::print_stdout, reason = "the figures are for people")]

use std::fmt::Write;

use crate::chance::Tally;

/// What was tried, and how often it succeeded beside guessing.
pub struct Table(String);

impl Table {
    pub fn new(title: &str) -> Self {
        let columns = ["victims", "attack", "guess"].map(|column| format!("{column:>8}"));
        Self(format!("\n{title:<64}{}\n", columns.concat()))
    }

    pub fn titled(title: &str) -> Self {
        Self(format!("\n{title}\n"))
    }

    pub fn row(&mut self, what: &str, tally: &Tally) {
        let (rate, guessing) = (100.0 * tally.rate(), 100.0 * tally.guessing());
        writeln!(self.0, "{what:<64}{:>8}{rate:>7.1}%{guessing:>7.1}%", tally.victims).unwrap();
    }

    pub fn line(&mut self, what: &str) {
        writeln!(self.0, "{what}").unwrap();
    }

    pub fn print(self) {
        println!("{}", self.0);
    }
}
