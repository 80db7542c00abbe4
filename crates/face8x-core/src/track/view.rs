//! A picture in which faces are followed, and the part of it that was read last.

use super::face_square::FaceSquare;
use crate::convert::LumaSource;
use crate::geometry::Rect;
use crate::resample::Pyramid;

/// The finest detail that is looked at, in sides of the face box: a pixel of the landmark network's
/// crop is 1/36 of it, a sample of the template 1/27.
const DETAIL: f32 = 0.0277;
/// How far the templates and crops of a face reach from its centre, in sides, beyond the distance
/// that it is searched in.
const MARGIN: f32 = 0.8;
/// How far those do that are about a place that is known.
const AROUND: f32 = 1.1;

/// A picture, read where a face is, at the resolution that the face's size needs.
pub(super) struct FaceView<'a> {
    picture: LumaSource<'a>,
    region: &'a mut Pyramid,
}

impl<'a> FaceView<'a> {
    /// Looks at `picture` by way of the buffers of `region`.
    pub(super) fn new(picture: LumaSource<'a>, region: &'a mut Pyramid) -> Self {
        region.clear();
        FaceView { picture, region }
    }

    /// What is about `place`, to search a template there up to `reach` sides away. `None` where the
    /// picture has no pixels.
    pub(super) fn about(&mut self, place: FaceSquare, reach: f32) -> Option<&Pyramid> {
        let half = (reach + MARGIN).max(AROUND) * place.side;
        let region = Rect::square(place.centre, 2.0 * half);
        let loaded = self.region.load(&self.picture, region, DETAIL * place.side);
        loaded.then_some(&*self.region)
    }

    /// What is at `place`, to take a template or a crop of it.
    pub(super) fn at(&mut self, place: FaceSquare) -> Option<&Pyramid> {
        self.about(place, 0.0)
    }
}
