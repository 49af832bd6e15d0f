// Shows the camera's image until the button is pressed; its value is one frame as a data URL.
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
