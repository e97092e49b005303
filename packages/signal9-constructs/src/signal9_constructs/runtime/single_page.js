// Runs in CloudFront: a path without a file name is a page of the single-page application.
// It is attached to the site's own paths only, so an API's 404 stays a 404.
function handler(event) {
  var request = event.request;
  var name = request.uri.split('/').pop();
  if (name.indexOf('.') === -1) {
    request.uri = '/index.html';
  }
  return request;
}
