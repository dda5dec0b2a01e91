"""Names of people, companies and requests in the languages of the service. Invented, all of them."""

from random import Random

TEAM = (
    "Oleg", "Ana", "Max", "Lena", "Deniz", "Putri", "Bruno", "Carmen", "Igor", "Nadia",
    "Emre", "Rafael", "Sari", "Tom", "Vika", "Elif", "Paulo", "Ines", "Kirill", "Dewi",
)  # fmt: skip
FAMILY = ("Sokolov", "García", "Weber", "Kovač", "Yılmaz", "Wijaya", "Silva", "Moreno", "Orlov",
          "Haddad")  # fmt: skip
CLIENTS = {
    "en": ("Emma Hughes", "Jack O'Neill", "Olivia Stone", "Noah Price", "Priya Nair"),
    "es": ("Lucía Fernández", "Mateo Ruiz", "Sofía Peña", "Íñigo Lasa", "Valentina Díaz"),
    "pt": ("João Araújo", "Beatriz Gonçalves", "Luís Conceição", "Mariana Falcão", "Caio Brandão"),
    "ru": ("Анна Щукина", "Пётр Ёлкин", "Мария Юрьева", "Семён Жуков", "Ольга Цой"),
    "tr": ("Ayşe Çelik", "Mehmet Şahin", "Zeynep Öztürk", "İbrahim Güneş", "Ömer Yıldız"),
    "id": ("Budi Santoso", "Siti Rahmawati", "Agus Prasetyo", "Rina Lestari", "Dimas Saputra"),
}
REQUESTS = {
    "en": ("Kitchen renovation", "Annual maintenance", "Price for 20 seats", "Call back, please"),
    "es": ("Reforma de cocina", "Mantenimiento anual", "¿Precio para 20?", "Llámame, por favor"),
    "pt": ("Reforma da cozinha", "Manutenção anual", "Preço para 20 lugares", "Ligue, por favor"),
    "ru": ("Ремонт кухни", "Годовое обслуживание", "Цена за 20 мест", "Перезвоните, пожалуйста"),
    "tr": ("Mutfak yenileme", "Yıllık bakım", "20 kişilik fiyat?", "Lütfen arayın"),
    "id": ("Renovasi dapur", "Perawatan tahunan", "Harga 20 kursi?", "Tolong telepon"),
}
LANGUAGES = tuple(CLIENTS)


def client_name(random: Random) -> str:
    """Return a client's name in a random language."""
    return random.choice(CLIENTS[random.choice(LANGUAGES)])


def lead_name(random: Random) -> str:
    """Return a lead's name: a request and who asks, in one random language."""
    language = random.choice(LANGUAGES)
    return f"{random.choice(REQUESTS[language])}: {random.choice(CLIENTS[language])}"


def team_name(index: int) -> str:
    """Return the name of manager number `index` (from 0): short ones first, then full ones."""
    if index < len(TEAM):
        return TEAM[index]
    family = FAMILY[(index // len(TEAM) - 1) % len(FAMILY)]
    round_number = index // (len(TEAM) * len(FAMILY))
    suffix = f" {round_number + 1}" if round_number else ""
    return f"{TEAM[index % len(TEAM)]} {family}{suffix}"
