//! The same statement without the server: `pgbench` beside it on the same database.

use std::fs;
use std::process::Command;

use crate::questions::{Asked, Question};
use crate::server::Server;

const CLIENTS: &str = "4";
const SECONDS: &str = "3";

/// As many scripts as `pgbench` takes, one for each place, fewer than its 128.
pub const PLACES_MAX: usize = 100;

/// How often a second `pgbench` runs the statement that the server prepares for nearby, as its login, with the
/// places of `nearby`.
pub fn rate(server: &Server, nearby: &Question) -> f64 {
    let statement = statement(server);
    let mut pgbench = Command::new(tool());
    pgbench.args(["-n", "-M", "prepared", "-c", CLIENTS, "-j", "2", "-T", SECONDS]);
    pgbench.args(["-U", "opentracks_commons", "-h", &server.socket(), "opentracks"]);
    for (index, asked) in nearby.each.iter().take(PLACES_MAX).enumerate() {
        let Asked::Nearby(body) = asked else { unreachable!("nearby is asked by POST") };
        let (lon, lat) = (body["position"][0].to_string(), body["position"][1].to_string());
        let script = server.data.join(format!("nearby-{index}.sql"));
        fs::write(&script, format!("\\set lon {lon}\n\\set lat {lat}\n{statement};\n")).unwrap();
        pgbench.arg("-f").arg(script);
    }
    let out = String::from_utf8(pgbench.output().unwrap().stdout).unwrap();
    let told = out.lines().find_map(|line| line.strip_prefix("tps = "));
    told.unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// As it was recorded, with the values that nearby binds put in by name.
fn statement(server: &Server) -> String {
    let plans = fs::read_to_string(server.data.join("plans.txt")).unwrap();
    let text = plans.split_once("Query Text: SELECT activity_id").unwrap().1;
    let mut statement = format!("SELECT activity_id{}", text.lines().next().unwrap());
    // From the last one, so that $1 is not found in $10.
    for (number, value) in VALUES.iter().enumerate().rev() {
        statement = statement.replace(&format!("${}", number + 1), value);
    }
    assert!(!statement.contains('$'), "another value is bound: {statement}");
    statement
}

/// What nearby binds for a page of 20, in its order.
const VALUES: [&str; 9] = [
    ":lon",
    ":lat",
    ":lon",
    ":lat",
    "50000::float8",
    "'2026-11-26T00:00:00Z'::timestamptz",
    "3000",
    "21",
    "21",
];

fn tool() -> String {
    let versions = fs::read_dir("/usr/lib/postgresql").unwrap().flatten();
    let tools = versions.map(|version| version.path().join("bin/pgbench"));
    tools.filter(|tool| tool.exists()).max().unwrap().display().to_string()
}
