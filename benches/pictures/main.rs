//! How long a photo takes to be drawn in its three sizes, beside other programs that do the same work.
//!
//! `cargo bench --bench pictures` prints a table in Markdown. Each side is a process of its own, from the
//! file on the disk to three files on the disk, of the same sizes, quality and subsampling. A second table
//! tells how much memory files of other kinds take, which is to be no more than twice their pixels.

#![allow(clippy::print_stdout, reason = "the table is for whoever runs it")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on has to stop")]

mod kinds;
mod run;
mod scene;

use std::path::{Path, PathBuf};
use std::{env, fs};

use jpeg_encoder::SamplingFactor;
use opentracks::domain::PhotoSize;
use opentracks::picture;
use run::{Cost, Side};

/// The argument that makes this program draw a file.
const DRAW: &str = "draw-and-end";
/// And that which makes it run another and tell what that took.
const MEASURE: &str = "run-and-report";
/// 12 megapixels, as a phone takes them.
const SIDES: (u16, u16) = (4_000, 3_000);
/// As `picture/encode.rs` has it.
const QUALITY: u8 = 82;
const ROUNDS: usize = 9;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, DRAW, file, folder] => draw(Path::new(file), Path::new(folder)),
        [_, MEASURE, command @ ..] => run::report(command),
        _ => {
            compare();
            weigh();
        }
    }
}

/// Draws a file as a job does, and writes what comes out.
fn draw(file: &Path, folder: &Path) {
    let file = fs::read(file).expect("the file was written before");
    let drawn = picture::render(&file).expect("the file is sound");
    for (size, jpeg) in PhotoSize::ALL.into_iter().zip(drawn.jpegs) {
        let path = folder.join(format!("{}.jpg", size.name()));
        fs::write(path, jpeg.bytes).expect("there is room");
    }
}

fn compare() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&folder).expect("there is room");
    let file = folder.join("scene.jpg");
    fs::write(&file, scene::jpeg(&scene::rgb(SIDES), SIDES, SamplingFactor::F_1_1, false))
        .expect("there is room");
    let pixels = decoded_mib();
    println!(
        "A JPEG file of {} × {} pixels ({} kB; {pixels:.1} MiB decoded) in three sizes; medians of {ROUNDS} rounds in turns.\n",
        SIDES.0,
        SIDES.1,
        fs::metadata(&file).expect("it was written").len() / 1_024,
    );
    println!(
        "| program | processor ms | wall ms | peak MiB | over decoded pixels | kB written | ours takes |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let sides = sides(&file, &folder);
    let costs = run::in_turns(&sides, ROUNDS);
    let ours_ms = costs[0].as_ref().expect("ours runs").processor_ms;
    for (Side { name, folder, .. }, cost) in sides.iter().zip(costs) {
        let Some(Cost { processor_ms, wall_ms, peak_mib }) = cost else {
            println!("| {name} | not installed | | | | | |");
            continue;
        };
        let written: u64 = PhotoSize::ALL
            .iter()
            .filter_map(|size| fs::metadata(folder.join(format!("{}.jpg", size.name()))).ok())
            .map(|file| file.len() / 1_024)
            .sum();
        println!(
            "| {name} | {processor_ms:.0} | {wall_ms:.0} | {peak_mib:.0} | {:.2} × | {written} | {:.2} × its processor time |",
            peak_mib / pixels,
            ours_ms / processor_ms,
        );
    }
}

/// How much memory the pixels take once they are decoded, in MiB.
fn decoded_mib() -> f64 {
    f64::from(SIDES.0) * f64::from(SIDES.1) * 3.0 / 1_048_576.0
}

/// What the same pixels take as other files.
fn weigh() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    let program = env::current_exe().expect("it runs").to_str().expect("plain").to_owned();
    println!("\n| the same as | kB | processor ms | peak MiB | over decoded pixels |");
    println!("| --- | --- | --- | --- | --- |");
    for (name, content) in kinds::all(&scene::rgb(SIDES), SIDES) {
        let file = folder.join("kind");
        fs::write(&file, &content).expect("there is room");
        let path = |path: &Path| path.to_str().expect("plain").to_owned();
        let command = vec![program.clone(), DRAW.to_owned(), path(&file), path(&folder)];
        let side = [Side { name, command, folder: folder.clone() }];
        let Some(Some(cost)) = run::in_turns(&side, 3).pop() else {
            println!("| {name} | refused | | | |");
            continue;
        };
        println!(
            "| {name} | {} | {:.0} | {:.0} | {:.2} × |",
            content.len() / 1_024,
            cost.processor_ms,
            cost.peak_mib,
            cost.peak_mib / decoded_mib(),
        );
    }
}

fn sides(file: &Path, folder: &Path) -> Vec<Side> {
    let path = |path: &Path| path.to_str().expect("plain").to_owned();
    let own = |name: &str| {
        let own = folder.join(name);
        fs::create_dir_all(&own).expect("there is room");
        own
    };
    let program = path(&env::current_exe().expect("it runs"));
    let (ours, vips, magick) = (own("ours"), own("vips"), own("magick"));
    let each = |write: &dyn Fn(PhotoSize) -> String| PhotoSize::ALL.map(write).join(" && ");
    let thumbnails = each(&|size| {
        let (side, out) = (size.side_max(), path(&vips.join(format!("{}.jpg", size.name()))));
        format!(
            "vipsthumbnail {} --size {side}x{side}'>' -o '{out}[Q={QUALITY},strip]'",
            path(file)
        )
    });
    // One decoding for all three, as here.
    let resized: Vec<String> = PhotoSize::ALL
        .iter()
        .map(|size| {
            let (side, out) = (size.side_max(), path(&magick.join(format!("{}.jpg", size.name()))));
            format!("\\( +clone -resize {side}x{side}'>' -write {out} +delete \\)")
        })
        .collect();
    let convert = format!(
        "{} {} -auto-orient -strip -quality {QUALITY} -sampling-factor 4:2:0 {} null:",
        run::image_magick(),
        path(file),
        resized.join(" ")
    );
    vec![
        Side {
            name: "OpenTracks",
            command: vec![program, DRAW.to_owned(), path(file), path(&ours)],
            folder: ours,
        },
        Side {
            name: "vipsthumbnail (libvips), three calls",
            command: shell(thumbnails),
            folder: vips,
        },
        Side { name: "ImageMagick, one call", command: shell(convert), folder: magick },
    ]
}

fn shell(command: String) -> Vec<String> {
    vec!["sh".to_owned(), "-c".to_owned(), command]
}
