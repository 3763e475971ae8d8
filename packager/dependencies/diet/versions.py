"""The releases of werkzeug that the diet knows, by the hash of their Python sources."""

from __future__ import annotations

# See `source_hash` in `packager.dependencies.diet.apply`. Each of these passes its own tests with
# the diet (tests/integration/test_diet.py); a release that does not is not listed.
HASHES: dict[str, str] = {
    "3.0.0": "d17daaa09a1f0aa0a76203153bb13a1b6e1ea9749929d8bafedff544401b764b",
    "3.0.1": "c484ad5963f03c40130c9275474bfee2051059ca893e4274aa67bf4c2342562b",
    "3.0.2": "d378e80a2d908d2da8b2fd7435e189039680dba391c67ac1c4fc14e26c8bbd23",
    "3.0.3": "f2b8d59f88acdcbe44c69728d9849c67e7e95c422886f7e73ac6e56178c6d6c3",
    "3.0.4": "dfa7e7fdcc911fe81e70295853392785fe967bedb3c971ec17029d403c294636",
    "3.0.5": "10ac9e6a891913f0a9da52e88c96d06fad1ba31ddf31b8d67de51a60076810f8",
    "3.0.6": "a1cc24217a40937dd9dd7ce547c6e1c1e490b6e500e41d8049791c10a1307c2f",
    "3.1.0": "abda2af47b219fa6ff947015f63a02075710d72412a882fbda655c7f41a209a4",
    "3.1.1": "e6e6f70532a2dd6cbd0775fb4be8bdffd35f542dac596bc206e1d39a53af9bb7",
    "3.1.2": "9561c2735f719720aaad7a3f8818fffb2ec3541f05538e7d445442f3b48f30bb",
    "3.1.3": "37edc4074ad38fdb1d4e468ca7530eaf56d78b765ae26baab2056d90b713bc67",
    "3.1.4": "6338fb20619caab083715b87fe95a3ef9e135504d5ccee89037a4ace7854557c",
    "3.1.5": "553a0db88c803f7cb74ae50289bd2729901dcc7566b49d688c89c8ad650b8cd3",
    "3.1.6": "f2de68ad6bad5af84403602f6203376868cf94de0e6cb3c60ae3be87d9f6624b",
    "3.1.7": "b2d2ba076eaee3283fa39375c4cc979364769496fab2ce227b72cf93b08e77a4",
    "3.1.8": "cedbe37cc584f07e9874ce0377ae085256d40ec214eb3077e544f36d124ed900",
    "3.1.9": "0619a19657dc32f16464e520588b43a9cac087d9a891f3c2eb736b094dc25e85",
}
