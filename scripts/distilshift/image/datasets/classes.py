"""Names of classes that are known before a dataset is there: the config's check compares them."""

words = str.split

DIGITS = [str(digit) for digit in range(10)]
EMOJI = words("activities animals food objects people smileys symbols travel")
CIFAR10 = words("airplane automobile bird cat deer dog frog horse ship truck")
STL10 = words("airplane bird car cat deer dog horse monkey ship truck")
NINE = words("airplane automobile bird cat deer dog horse ship truck")
CIFAR100 = words(
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus"
    " butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch"
    " crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo"
    " keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain"
    " mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain"
    " plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk"
    " skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone"
    " television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)

CLASSES = {
    **dict.fromkeys(("mnist5k", "optdigits", "mnist", "usps", "svhn"), DIGITS),
    **dict.fromkeys(("qmnist", "emnist-digits"), DIGITS),
    **dict.fromkeys(("cifar10", "cifar10.1", "cifar10-c"), CIFAR10),
    **dict.fromkeys(("cifar100", "cifar100-c"), CIFAR100),
    **dict.fromkeys(("cifar9", "stl9"), NINE),
    "stl10": STL10,
    **dict.fromkeys(("emoji-noto", "emoji-twemoji", "emoji-fluent"), EMOJI),
    **dict.fromkeys(("emoji-fluent-black", "emoji-openmoji", "openclipart"), EMOJI),
}
