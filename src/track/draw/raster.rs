//! Pictures as PNG.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform,
};

use super::scene::{Colour, GROUND, Point, Shape};

/// Two pixels a unit.
const SCALE: f32 = 2.0;
const SIZE: (u32, u32) = (1_200, 630);

/// A scene as PNG; empty where there is no memory for it.
pub fn png(scene: &[Shape]) -> Vec<u8> {
    let Some(mut canvas) = Pixmap::new(SIZE.0, SIZE.1) else { return Vec::new() };
    let [red, green, blue] = GROUND;
    canvas.fill(Color::from_rgba8(red, green, blue, 255));
    for shape in scene {
        draw(&mut canvas, shape);
    }
    canvas.encode_png().unwrap_or_default()
}

fn draw(canvas: &mut Pixmap, shape: &Shape) {
    let to_pixels = Transform::from_scale(SCALE, SCALE);
    match shape {
        Shape::Lines(lines, width, colour) => {
            let Some(path) = path(lines.iter().map(Vec::as_slice), false) else { return };
            #[expect(clippy::cast_possible_truncation, reason = "a width of some units")]
            let stroke = Stroke {
                width: *width as f32,
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            canvas.stroke_path(&path, &paint(*colour), &stroke, to_pixels, None);
        }
        Shape::Area(edge, colour) => {
            let Some(path) = path(std::iter::once(edge.as_slice()), true) else { return };
            canvas.fill_path(&path, &paint(*colour), FillRule::Winding, to_pixels, None);
        }
    }
}

fn path<'a>(lines: impl Iterator<Item = &'a [Point]>, is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for line in lines {
        for (index, &(x, y)) in line.iter().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "units of a picture")]
            let (x, y) = (x as f32, y as f32);
            if index == 0 {
                path.move_to(x, y);
            } else {
                path.line_to(x, y);
            }
        }
        if is_closed {
            path.close();
        }
    }
    path.finish()
}

fn paint([red, green, blue]: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint.anti_alias = true;
    paint
}
