//! Problem reports: sealed, without whose they are, and for a month.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::schema::ops::diagnostics;
use crate::db::{Db, Error};
use crate::domain::{ProblemReport, ReportDetail, ReportText};

const TABLE: &str = "ops.diagnostics";

/// A report that came, for whoever runs the server.
#[derive(Serialize, Deserialize)]
pub struct Report {
    device_type: String,
    os: String,
    browser: Option<String>,
    version: String,
    text: Option<String>,
    /// The network that it came from, which is nobody's address.
    network: String,
}

impl Report {
    fn new(problem: &ProblemReport, from: IpAddr) -> Self {
        Self {
            device_type: problem.device_type.as_str().to_owned(),
            os: problem.os.as_str().to_owned(),
            browser: problem.browser.as_ref().map(ReportDetail::as_str).map(ToOwned::to_owned),
            version: problem.version.as_str().to_owned(),
            text: problem.text.as_ref().map(ReportText::as_str).map(ToOwned::to_owned),
            network: network_of(from),
        }
    }
}

impl Db {
    /// Keeps a report. Who sends it is not asked for, and of the network address it came from what is
    /// kept stands for 256 addresses, or for a site of IPv6.
    pub async fn insert_report(
        &self,
        problem: &ProblemReport,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let id = Uuid::new_v4();
        let json = serde_json::to_vec(&Report::new(problem, from))
            .map_err(|_| Error::Corrupt("ops.diagnostics.content"))?;
        diesel::insert_into(diagnostics::table)
            .values((
                diagnostics::report_id.eq(id),
                diagnostics::content.eq(self.keyring.queue.seal(TABLE, "content", id, &json)),
                diagnostics::received_at.eq(now),
            ))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Up to `limit` reports after `after`, the oldest first.
    pub async fn reports(
        &self,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<(DateTime<Utc>, Uuid, Report)>, Error> {
        let mut query = diagnostics::table
            .order((diagnostics::received_at, diagnostics::report_id))
            .limit(limit)
            .select((diagnostics::received_at, diagnostics::report_id, diagnostics::content))
            .into_boxed();
        if let Some((at, id)) = after {
            let same = diagnostics::received_at.eq(at).and(diagnostics::report_id.gt(id));
            query = query.filter(diagnostics::received_at.gt(at).or(same));
        }
        let rows: Vec<(DateTime<Utc>, Uuid, Vec<u8>)> =
            query.load(&mut *self.conn().await?).await?;
        let open = |(at, id, content): (DateTime<Utc>, Uuid, Vec<u8>)| {
            let json = self.keyring.queue.open(TABLE, "content", id, &content)?;
            let report = serde_json::from_slice(&json);
            Ok((at, id, report.map_err(|_| Error::Corrupt("ops.diagnostics.content"))?))
        };
        rows.into_iter().map(open).collect()
    }
}

/// The network around an address: 24 bits of IPv4, 48 of IPv6.
fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_names_nobody() {
        let network = |address: &str| network_of(address.parse().unwrap());
        assert_eq!(network("203.0.113.9"), "203.0.113.0/24");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }
}
