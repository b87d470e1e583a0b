//! The API as a client sees it. One binary, so that it links once and shares one cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]
#![allow(missing_docs, reason = "names of tests are claims, and say it all")]

mod access_log;
mod activities;
mod along;
mod archives;
mod auth;
mod bad_input;
mod blobs;
mod canaries;
mod choices;
mod communities;
mod contract;
mod corpus;
mod explore;
mod findings;
mod harness;
mod heard;
mod heat;
mod imports;
mod interference;
mod jobs;
mod leaks;
mod leaving;
mod levels;
mod links;
mod logs;
mod matrix;
mod me;
mod members;
mod null;
mod ogc;
mod open_data;
mod parts;
mod photo_moves;
mod photo_races;
mod photos;
mod pictures;
mod pipeline;
mod plans;
mod policy;
mod promises;
mod races;
mod rectify;
mod restriction;
mod retention;
mod schema;
mod search;
mod sharing;
mod sync;
mod tiles;
mod tokens;
mod wall;
mod words;
mod zones;
