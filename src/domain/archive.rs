//! Archives that an account is handed over in, or taken in from.

/// Which way the data go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To their owner.
    Export,
    /// Into the account.
    Import,
}

/// What has become of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveState {
    /// It is being sent.
    Receiving,
    /// It is being made, or taken in.
    Working,
    /// It can be had, or was taken in.
    Finished,
    /// It cannot be taken in.
    Failed,
}

impl Direction {
    /// Every direction.
    pub const ALL: [Self; 2] = [Self::Export, Self::Import];

    /// Its name, in the database and in exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
        }
    }
}

impl ArchiveState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Receiving, Self::Working, Self::Finished, Self::Failed];

    /// Its name, in the database and in exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Working => "working",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}
