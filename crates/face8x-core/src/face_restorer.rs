//! The whole way of a picture's faces in one type: detect, align, restore, back-project.

use crate::align::{Aligner, Hr};
use crate::backproject::{BackProjector, FaceHistory, NoiseEstimator};
use crate::convert::{Converter, Region};
use crate::detect::{self, Detector, SearchOptions};
use crate::face::Detection;
use crate::frame::Frame;
use crate::geometry::{HR_SIDE, LR_SIDE, Point, Similarity};
use crate::pixel::unpack_rgb;
use crate::restore::{self, Lr, Restorer, Sr};
use crate::{Error, ErrorKind, Result};

/// Finds and restores the faces of still pictures.
///
/// See the [crate's documentation](crate) for an example. For live pictures put the stages
/// together yourself: a [`Detector`] on a thread of its own, a [`Tracker`](crate::track::Tracker),
/// an [`Aligner`] and a [`Restorer`] for every frame.
pub struct FaceRestorer {
    detector: Box<dyn Detector>,
    aligner: Aligner,
    restorer: Box<dyn Restorer>,
    noise: NoiseEstimator,
    projector: BackProjector,
    history: FaceHistory,
}

/// A face of a frame on its way: as the network sees it, as it restores it, and the final picture.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoredFace {
    /// From frame coordinates to the canonical 128x128 face.
    pub to_canonical: Similarity,
    /// The network's input: 16x16 pixels of the frame.
    pub lr: Box<Lr>,
    /// The network's output: 128x128 pixels made of these 16x16 alone.
    pub sr: Box<Sr>,
    /// The final picture: the network's, corrected by [all of the camera's
    /// pixels](crate::backproject). Of a face that the camera sees well (a side of
    /// [`CAMERA_SIDE`](crate::backproject::CAMERA_SIDE) pixels or more) it is the camera's own
    /// pixels, enlarged. What no pixel shows is a plausible guess; what lies outside the frame is
    /// black.
    pub picture: Box<Sr>,
    /// How much of the picture is restored: 1, or less for a face that the camera sees well (see
    /// [`restored_share`](crate::backproject::restored_share)).
    pub share: f32,
}

impl RestoredFace {
    /// The final picture's 128x128 pixels as interleaved RGB, 3 x 128 x 128 bytes.
    pub fn rgb(&self) -> Vec<u8> {
        self.picture.iter().copied().flat_map(unpack_rgb).collect()
    }
}

impl FaceRestorer {
    /// A restorer with the embedded networks and the detector for photographs, on one thread.
    ///
    /// # Errors
    /// The program file is damaged.
    pub fn new() -> Result<Self> {
        let detector = detect::open("auto", &SearchOptions::PHOTO)?;
        Ok(Self::from_parts(detector, restore::open("auto", None, 1)?))
    }

    /// A restorer with a detector and a network of your choice ([`detect::open`], [`restore::open`], or
    /// your own).
    pub fn from_parts(detector: Box<dyn Detector>, restorer: Box<dyn Restorer>) -> Self {
        FaceRestorer {
            detector,
            aligner: Aligner::new(),
            restorer,
            noise: NoiseEstimator::default(),
            projector: BackProjector::new(None),
            history: FaceHistory::new(1),
        }
    }

    /// The same for a camera whose optics blur like a Gaussian of this standard deviation in
    /// pixels; `None` where each picture's faces have to show it: see [`BackProjector::new`].
    #[must_use]
    pub fn with_optics(self, optics: Option<f32>) -> Self {
        FaceRestorer {
            projector: BackProjector::new(optics),
            ..self
        }
    }

    /// Finds and restores every face of `frame`, the largest first; to find none is not an error.
    ///
    /// # Errors
    /// The frame is not valid (see [`Frame::validate`]) or is a JPEG, which
    /// [`JpegDecoder`](crate::convert::JpegDecoder) decodes; the detector or the network failed.
    pub fn restore(&mut self, frame: &Frame) -> Result<Vec<RestoredFace>> {
        let found = self.find(frame)?;
        self.restore_faces(frame, &found)
    }

    /// Restores these faces of `frame`, in their order. Where the optics are not known all of them show how
    /// much these blur.
    ///
    /// # Errors
    /// The frame is not valid or is a JPEG; a face is smaller than a pixel, far larger than the frame, or its
    /// place is not finite; the network failed.
    pub fn restore_faces(
        &mut self,
        frame: &Frame,
        faces: &[Detection],
    ) -> Result<Vec<RestoredFace>> {
        let restored = faces.iter().map(|face| self.network_face(frame, face));
        let mut restored: Vec<RestoredFace> = restored.collect::<Result<_>>()?;
        if restored.is_empty() {
            return Ok(restored);
        }
        let noise = self.noise.estimate(frame)?;
        self.projector.forget_optics();
        for face in &restored {
            self.projector
                .learn_optics(frame, &face.to_canonical, noise, &face.sr)?;
        }
        for face in &mut restored {
            face.share = self.history.update(
                &mut self.projector,
                frame,
                &face.to_canonical,
                noise,
                &face.sr,
                &mut face.picture,
            )?;
        }
        Ok(restored)
    }

    /// The faces of `frame` that can be restored, the largest first.
    ///
    /// # Errors
    /// The frame is not valid or is a JPEG, or the detector failed.
    pub fn find(&mut self, frame: &Frame) -> Result<Vec<Detection>> {
        let mut found = Vec::new();
        self.detector.detect(frame, &mut found)?;
        found.retain(|face| face.to_canonical().is_some());
        found.sort_by(|a, b| b.face_box.area().total_cmp(&a.face_box.area()));
        Ok(found)
    }

    /// A face of `frame` as the network restores it.
    fn network_face(&mut self, frame: &Frame, face: &Detection) -> Result<RestoredFace> {
        let to_canonical = face.to_canonical().ok_or_else(|| {
            Error::new(
                ErrorKind::Picture,
                format!("the face box {:?} is not usable", face.face_box),
            )
        })?;
        let mut lr = Box::new([0; LR_SIDE * LR_SIDE * 3]);
        self.aligner.lr(frame, &to_canonical, &mut lr)?;
        self.restore_lr(to_canonical, lr)
    }

    /// Restores a picture that is an aligned face: 16x16 pixels, or 128x128, which are downscaled
    /// to 16x16 first. The final picture is then the network's: there is no camera whose pixels
    /// could correct it.
    ///
    /// # Errors
    /// The picture has another size, is not valid or is a JPEG, or the network failed.
    pub fn restore_aligned(&mut self, picture: &Frame) -> Result<RestoredFace> {
        let Frame { width, height, .. } = *picture;
        let (lr_side, hr_side) = (LR_SIDE as u32, HR_SIDE as u32);
        let mut lr = Box::new([0; LR_SIDE * LR_SIDE * 3]);
        let mut rgb = Vec::new();
        Converter::new().rgb(picture, Region::whole(picture), &mut rgb)?;
        match (width, height) {
            size if size == (lr_side, lr_side) => lr.copy_from_slice(&rgb),
            size if size == (hr_side, hr_side) => {
                let mut hr: Hr = [0; HR_SIDE * HR_SIDE * 3];
                hr.copy_from_slice(&rgb);
                self.aligner.shrink(&hr, &mut lr);
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::Picture,
                    format!("is {width}x{height} pixels; an aligned face has 16x16 or 128x128"),
                ));
            }
        }
        let zoom = hr_side as f32 / width as f32;
        let to_canonical = Similarity::about(Point::default(), Point::default(), zoom, 0.0);
        self.restore_lr(to_canonical, lr)
    }

    /// The canonical 128x128 face as the frame shows it: interleaved RGB.
    ///
    /// # Errors
    /// The frame is not valid or is a JPEG; the face is far larger than the frame.
    pub fn crop(&mut self, frame: &Frame, to_canonical: &Similarity) -> Result<Box<Hr>> {
        let mut hr = Box::new([0; HR_SIDE * HR_SIDE * 3]);
        self.aligner
            .crop(frame, to_canonical, HR_SIDE, hr.as_mut_slice())?;
        Ok(hr)
    }

    fn restore_lr(&mut self, to_canonical: Similarity, lr: Box<Lr>) -> Result<RestoredFace> {
        let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
        self.restorer.restore(&lr, &mut sr)?;
        Ok(RestoredFace {
            to_canonical,
            lr,
            picture: sr.clone(),
            sr,
            share: 1.0,
        })
    }
}
