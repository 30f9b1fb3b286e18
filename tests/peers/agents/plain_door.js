// A door for programs that know no TLS: what comes in on a port of this machine goes out over mTLS,
// byte by byte. It takes the port behind it and the three files, and prints the port that it chose.

const fs = require("node:fs");
const net = require("node:net");
const tls = require("node:tls");

const [port, ...files] = process.argv.slice(2);
const [ca, cert, key] = files.map((name) => fs.readFileSync(name));
const door = net.createServer((inside) => {
  const outside = tls.connect({ host: "127.0.0.1", port, servername: "localhost", ca, cert, key });
  inside.pipe(outside).pipe(inside);
  inside.on("error", () => outside.destroy());
  outside.on("error", () => inside.destroy());
});
door.listen(0, "127.0.0.1", () => console.log(door.address().port));
