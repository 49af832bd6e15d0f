"""A notebook's way in for the user's own photographs: two upload buttons, Colab's webcam, and their static twin.

Written with what ipywidgets 7.7 (Colab) and 8 share. The images go to the notebook's own kernel and nowhere else; on Colab that kernel is
Google's machine.
"""

import base64

import ipywidgets
from IPython.display import display

from siamese_lib.inference.comparison import score_faces
from siamese_lib.inference.photos import find_face
from siamese_lib.plots import galleries
from siamese_lib.utils import machine

# Shows the camera's image until its button is pressed, and answers with one frame as a data URL.
WEBCAM_SCRIPT = """
(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: true});
  const video = document.createElement("video");
  const button = document.createElement("button");
  button.textContent = "Take the photograph";
  document.body.append(video, button);
  video.srcObject = stream;
  await video.play();
  await new Promise((resolve) => { button.onclick = resolve; });
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  stream.getTracks().forEach((track) => track.stop());
  video.remove();
  button.remove();
  return canvas.toDataURL("image/jpeg", 0.95);
})()
"""


def photo_comparer(verifier, taken=None):
    """Compares two photographs that are uploaded.

    Args:
        verifier: a `Verifier` for LFW-a's frame.
        taken: the bytes of a first photograph, as `webcam_photo` returns them, in place of the first upload.

    Returns:
        A widget; display it.
    """
    names = ("Second photograph",) if taken else ("First photograph", "Second photograph")
    buttons = [
        ipywidgets.FileUpload(accept="image/*", multiple=False, description=name) for name in names
    ]
    for button in buttons:
        button.layout.width = "auto"
    output = ipywidgets.Output()

    def draw(_=None):
        photos = [("webcam", taken)] if taken else []
        photos += [photo for photo in (uploaded(button.value) for button in buttons) if photo]
        with output:
            output.clear_output(wait=True)
            if len(photos) < 2:
                print(f"{len(photos)} of 2 photographs are here.")
                return
            try:
                display(compared_photos(verifier, photos))
            except ValueError as error:  # one sentence; a traceback would say less
                print(error)

    for button in buttons:
        button.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([ipywidgets.HBox(buttons), output])


def compared_photos(verifier, photos):
    """The figure that the uploads lead to, their static twin: both faces as they were found and aligned, and their score.

    Args:
        verifier: a `Verifier` for LFW-a's frame.
        photos: two of `(name, content)`, the content as bytes.

    Raises:
        ValueError: if one cannot be read or shows no face.
    """
    faces = [find_face(content, name) for name, content in photos]
    captions = [
        f"{face.name}\nlargest of {face.num_faces} faces" if face.num_faces > 1 else face.name
        for face in faces
    ]
    images = [face.image for face in faces]
    return galleries.compared_faces(
        images, captions, score_faces(verifier, faces), verifier.settings["threshold"]
    )


def uploaded(value):
    """The newest file of a `FileUpload`'s value as `(name, content)`, or None.

    In ipywidgets 7 the value is a dict by file name, in 8 a tuple of dicts that hold the name and a memory view.
    """
    files = (
        [{"name": name, **file} for name, file in value.items()]
        if isinstance(value, dict)
        else list(value)
    )
    return (files[-1]["name"], bytes(files[-1]["content"])) if files else None


def webcam_photo():
    """Takes a photograph with the webcam; on Colab only, whose page can be asked for it.

    Returns:
        The bytes of a JPEG file.

    Raises:
        ValueError: if this is not Colab, or if there is no camera or no permission.
    """
    if not machine.in_colab():
        raise ValueError(
            "A webcam can be asked for on Colab alone; upload a photograph instead. Received: no Colab"
        )
    from google.colab import output

    try:
        address = output.eval_js(WEBCAM_SCRIPT)
        return base64.b64decode(address.partition(",")[2], validate=True)
    except (
        Exception
    ) as error:  # what the page answers to a selective_accuracy is of a class of Colab's own
        raise ValueError(
            f"The webcam gave no photograph; allow the page to use it, or upload one. Received: {error}"
        ) from error
