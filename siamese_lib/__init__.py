"""Face verification with Siamese networks, after Koch, Zemel and Salakhutdinov (2015).

Import the room that you need, for example ``from siamese_lib import pairs``. Importing the package alone is quick: TensorFlow
is loaded by the rooms that hold networks (``model``, ``scoring``, ``training``) and by no other.
"""

__version__ = "0.1.0"
