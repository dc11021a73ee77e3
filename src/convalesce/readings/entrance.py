"""What the inputs of a model meet first: kernels, or layers that bring them to scale."""

from __future__ import annotations

from convalesce.core.model import Layer, Model

PASSES = frozenset(
    {
        *("InputLayer", "Reshape", "Flatten", "Permute", "Cropping1D", "Cropping2D", "Resizing"),
        *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "CenterCrop", "RandomCrop"),
        *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
        *("RandomBrightness", "RandomShear", "RandomErasing", "GaussianNoise", "Dropout"),
        *("SpatialDropout1D", "SpatialDropout2D", "AveragePooling1D", "AveragePooling2D"),
        *("MaxPooling1D", "MaxPooling2D", "Masking", "Cast", "ExpandDims", "Concatenate"),
    }
)
MULTIPLIES = frozenset(
    {
        *("Dense", "Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D"),
        *("DepthwiseConv1D", "DepthwiseConv2D", "LSTM", "GRU", "SimpleRNN", "Bidirectional"),
        *("ConvLSTM1D", "ConvLSTM2D", "TimeDistributed", "EinsumDense", "MultiHeadAttention"),
    }
)
NORMALIZES = frozenset({"BatchNormalization", "LayerNormalization", "GroupNormalization"})


def idle(layer: Layer) -> bool:
    """A Normalization that was never adapted: mean 0 and variance 1 change nothing."""
    return layer.kind == "Normalization" and layer.settings.get("adapted") == 0


def meets_a_kernel(model: Model) -> bool:
    """The first layer that computes multiplies the inputs as they are.

    False for models with several inputs, whose paths are not told apart, for a first layer of
    another kind (it may bring to scale), and where a normalisation follows the kernel at once.
    """
    layers = [x for x in model.layers if x.kind not in PASSES and not idle(x)]
    if not layers or layers[0].kind not in MULTIPLIES:
        return False
    inputs = max(len(model.input_shapes), sum(x.kind == "InputLayer" for x in model.layers))
    after = layers[1].kind if len(layers) > 1 else ""
    return inputs <= 1 and after not in NORMALIZES
