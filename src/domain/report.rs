//! What somebody reports of a problem.

use super::{ReportDetail, ReportText};

/// A problem report. It says nothing of who sends it, unless they write so.
pub struct ProblemReport {
    /// Such as `phone`.
    pub device_type: ReportDetail,
    /// The operating system, with its version.
    pub os: ReportDetail,
    /// The browser, with its version, if it happened in one.
    pub browser: Option<ReportDetail>,
    /// The version of the app.
    pub version: ReportDetail,
    /// What happened.
    pub text: Option<ReportText>,
}
