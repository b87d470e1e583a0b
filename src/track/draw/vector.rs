//! Pictures as SVG.

use std::fmt::Write;

use super::scene::{Colour, GROUND, HEIGHT, Point, Shape, WIDTH};

/// A scene as SVG 1.1.
pub fn svg(scene: &[Shape]) -> Vec<u8> {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"{}\"/>\n",
        hex(GROUND)
    );
    for shape in scene {
        match shape {
            Shape::Lines(lines, width, colour) => {
                let lines: String = lines.iter().map(|line| path(line)).collect();
                let colour = hex(*colour);
                let _infallible = writeln!(
                    out,
                    "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linecap=\"round\" \
                     stroke-linejoin=\"round\" d=\"{lines}\"/>"
                );
            }
            Shape::Area(edge, colour) => {
                let colour = hex(*colour);
                let _infallible = writeln!(out, "<path fill=\"{colour}\" d=\"{}Z\"/>", path(edge));
            }
        }
    }
    out += "</svg>\n";
    out.into_bytes()
}

fn path(points: &[Point]) -> String {
    let mut out = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let verb = if index == 0 { 'M' } else { 'L' };
        let _infallible = write!(out, "{verb}{x:.1} {y:.1}");
    }
    out
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
