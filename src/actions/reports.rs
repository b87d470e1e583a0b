//! Taking problem reports, as many as is sound.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Error, Service};
use crate::db::ops::Rate;
use crate::domain::ProblemReport;

/// Reports from one network.
const REPORTS_FROM_NETWORK: Rate = Rate { burst: 10, every: TimeDelta::minutes(1) };
/// Reports from everywhere: whoever has many networks does not fill the disk.
const REPORTS: Rate = Rate { burst: 1_000, every: TimeDelta::seconds(10) };

impl Service {
    /// Keeps a problem report for a while.
    pub async fn report_problem(
        &self,
        report: &ProblemReport,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let network = from.to_string();
        self.allow("report from", network.as_bytes(), REPORTS_FROM_NETWORK, now).await?;
        self.allow("report", b"everyone", REPORTS, now).await?;
        Ok(self.db.insert_report(report, from, now).await?)
    }
}
